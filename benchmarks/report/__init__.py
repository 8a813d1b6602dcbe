"""What is written: the table, the pictures, and the machine they come from."""
