"""The cases of a scanner box (扫码墩) under test."""
