"""Who is calling and what may they do: customers, phone PINs, web passwords and logins."""
