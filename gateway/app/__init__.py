"""The composition root: settings of all components, and the one place where objects are built."""
