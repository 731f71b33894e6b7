"""What the library is measured against, written as its own users would write it."""
