"""Policy packs: a document's structure, targets and money rules as typed, cited, dated data."""
