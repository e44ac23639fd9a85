"""The ways out; each obeys the contract of notify.transports.port."""
