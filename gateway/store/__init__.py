"""What is not trading state: customers, secrets and web logins, in SQLite by SQLAlchemy Core."""
