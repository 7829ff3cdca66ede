"""What the end-to-end, client and crash tests share: a server process and dull correct models."""
