"""What the services of the wallet share: core values, adapters, access and the command."""
