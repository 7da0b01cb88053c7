"""One file a method of HTTP and WebDAV."""
