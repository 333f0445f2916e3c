"""The wire contract. Amounts are strings of yuan with two decimals; dates are business dates of Asia/Shanghai."""
