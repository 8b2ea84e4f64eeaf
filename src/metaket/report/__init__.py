"""A reproduction for people: text, one HTML page, and the output folder."""
