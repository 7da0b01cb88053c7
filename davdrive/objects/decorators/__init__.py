"""What is wrapped around a store: retry, limit, checksum, observed. Each is a store itself and keeps the contract."""
