"""What wallets call: token, nonce, credential, receipts, and the documents that describe them."""
