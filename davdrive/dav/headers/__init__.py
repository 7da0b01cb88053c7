"""Request headers as typed values: one file a header, no I/O, and never any error but a `DriveError`."""
