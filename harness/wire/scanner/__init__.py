"""The command dialects of scanner boxes (扫码墩), one module a family, and how a scan is framed on a line."""
