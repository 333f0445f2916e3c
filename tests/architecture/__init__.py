"""What holds for the whole house, whichever room one looks at."""
