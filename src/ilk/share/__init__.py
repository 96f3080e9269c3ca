"""What a gallery holds, in the forms that other programs read."""
