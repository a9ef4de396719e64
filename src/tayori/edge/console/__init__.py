"""Server-rendered pages for customers and operators; one file for each area under `pages`."""
