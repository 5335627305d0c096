"""The Digital Credentials Query Language: what is asked, what fits, what is missing."""
