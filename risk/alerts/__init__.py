"""Customers' price alerts: which of them a batch of prices reaches."""
