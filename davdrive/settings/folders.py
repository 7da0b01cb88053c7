"""What a data directory holds: the same names for the settings, and for whoever opens it without settings."""

DATABASE_FILE = "davdrive.db"
OBJECTS_FOLDER = "objects"
