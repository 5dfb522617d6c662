"""Books in EPUB: their chapters, their titles, who wrote them, and their cover."""
