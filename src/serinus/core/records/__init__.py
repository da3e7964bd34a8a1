"""Call records: what a gateway worker writes for each call, and how it is framed in the spool."""
