"""Where a resident logs in and agrees, before a wallet gets a code."""
