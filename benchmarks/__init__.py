"""What CRM Hub costs: API calls, SQL statements, CPU and memory, beside a floor that is measured in the same invocation.

``python -m benchmarks --scenario a,b,c,d --size 10k``
"""
