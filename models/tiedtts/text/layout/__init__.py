"""The layout of plain text: lines, headings, lists and tables, and what is left of HTML and Markdown."""
