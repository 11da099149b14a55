"""The pages: through starlette's test client, and in a real browser."""
