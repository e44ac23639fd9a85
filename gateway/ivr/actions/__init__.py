"""What call flows ask of the gateway: one module per topic, one table of who answers what."""
