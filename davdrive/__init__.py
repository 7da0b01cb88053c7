"""davdrive: a WebDAV drive whose every change is one durable commit."""

__version__ = "0.1.0"
