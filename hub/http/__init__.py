"""HTTP for connectors: one client with time-outs, TLS, retries of safe requests and a hosts allow-list."""
