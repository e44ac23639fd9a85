"""What can be shown of an order or a call years later: records, cases, bundles, their proof."""
