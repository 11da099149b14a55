"""Five systems at once: a real Tryton, Vendure, BottleCRM and Radicale and the local Zoho sandbox keep one customer base."""
