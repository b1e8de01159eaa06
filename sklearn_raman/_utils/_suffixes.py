"""Suffixes of text files, for the readers and the command line."""

TEXT_SUFFIXES = frozenset(
    {".txt", ".csv", ".tsv", ".tab", ".dat", ".asc", ".ascii", ".prn", ".xy", ".text"}
)
