"""What is measured, one topic a file; each gives rows of the table, or a block of text."""
