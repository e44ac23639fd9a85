"""The durable log: batches of commands and events in checked frames, snapshots, replay."""
