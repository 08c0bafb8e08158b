"""Builds and checks the page of an organisation, with Node and npm from a wheel."""
