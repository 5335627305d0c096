"""Mobile documents (ISO/IEC 18013-5): issue, present, verify, and the session in proximity."""
