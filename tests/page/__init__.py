"""The page of an organisation in a real browser, on a real web server and a real worker."""
