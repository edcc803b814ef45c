"""What a guidance run writes and prints."""
