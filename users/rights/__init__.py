"""What a role may do, and to which organisation's rows a query is limited."""
