"""Readers: one module per producer of data; names and units are made one here."""
