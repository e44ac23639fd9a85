"""`hotline`: one file per subcommand, each a thin layer over the room it serves."""
