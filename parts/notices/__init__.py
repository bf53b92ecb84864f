"""Telling of changes: what a garage watches, which cars owners asked about, and what each is sent."""
