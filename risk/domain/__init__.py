"""The words everybody speaks: commands, events, enums, reasons, integer money and identifiers."""
