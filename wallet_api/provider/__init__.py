"""The wallet provider: attests wallets and their keys, and revokes wallets."""
