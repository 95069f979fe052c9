"""The demonstration: two servers, one conversation, every step shown.

Run it with `python -m examples.coffee_shop.demo`.
"""
