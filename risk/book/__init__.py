"""The account book: columnar state whose rows are dense integers, row 0 being nobody."""
