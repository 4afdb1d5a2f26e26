"""What tests/bench/compare is made of: the same Vision Transformer for every runtime, one process for each, tables and a plot."""
