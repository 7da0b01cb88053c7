"""XML bodies: read as typed values within limits, written as streams of short text. No I/O."""
