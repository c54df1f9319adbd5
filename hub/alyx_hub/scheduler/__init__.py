"""The dispatcher: claims jobs, gives them clusters, runs several at once."""
