"""Twenty small texts of twenty kinds, each with a question whose answer stands in one unit. Names are invented."""

from __future__ import annotations

__all__ = ["PICTURES"]

PICTURES: tuple[tuple[str, str, str], ...] = (
    ("Markdown table", "When does phase 3 end?", """| Phase | Start | End | Status |
|---|---|---|---|
| 1 | 2021-01-04 | 2021-06-30 | done |
| 2 | 2021-07-01 | 2022-02-28 | done |
| 3 | 2022-03-01 | 2022-12-31 | late |
| 4 | 2023-01-02 | 2023-09-30 | planned |"""),
    ("CSV", "How many people live in Veldhaven?", """city,country,population,founded
Arnsberg,DE,73784,1238
Veldhaven,NL,15420,1407
Koskela,FI,8121,1866
Brezno,SK,20512,1265"""),
    ("Fixed-width table", "What does Pro cost per year?", """Plan      Per month   Per year   Users
--------  ----------  ---------  -----
Basic     $5          $50        1
Pro       $12         $120       5
Team      $30         $300       25
All prices exclude VAT."""),
    ("Key-value lines", "How long is the warranty of the Rotor X4?", """Product: Rotor X4
Weight: 11.2 kg
Power: 1,100 W
Warranty: 24 months
Price: EUR 189.00
Delivery: 3-5 working days"""),
    ("Opening hours", "When is the shop open on Saturday?", """Opening hours
Mon 9:00-12:00 and 14:00-18:00
Tue closed
Wed 9:00-12:00
Sat 10:00-13:00 (not in August)
Sun closed"""),
    ("INI", "How many workers does the server use?", """[server]
host = 0.0.0.0
; workers must not exceed the number of cores
workers = 4

[tls]
enabled = false
cert = /etc/ssl/site.pem"""),
    ("JSON", "What does the rain barrel cost?", """[
  {"sku": "K-100", "name": "Garden hose 20 m", "stock": 14, "price": "19.90"},
  {"sku": "K-101", "name": "Ladder 3 steps", "stock": 0, "price": "45.00"},
  {"sku": "K-106", "name": "Rain barrel 200 l", "stock": 9, "price": "75.00"},
  {"sku": "K-107", "name": "Hand saw", "stock": 41, "price": "17.80"}
]"""),
    ("YAML", "Is SSL required for production?", """services:
  web:
    image: shop-web:3.1
databases:
  production:
    host: db1.internal
    ssl: required
  staging:
    host: db2.internal
    ssl: disabled"""),
    ("HTML", "What does the Pro plan cost per month?",
     "<h1>Plans</h1><p>Choose what suits you.</p><table><tr><th>Plan</th>"
     "<th>Per month</th></tr><tr><td>Basic</td><td>$5</td></tr><tr><td>Pro</td><td>$12</td></tr><tr><td>Team</td>"
     "<td>$30</td></tr></table><p>All prices exclude VAT. Cancel whenever you like. Students pay half.</p>"),
    ("Log", "How full is the data volume?", """2024-06-01 12:00:01 [INFO] boot - service starting, version 4.2.1
2024-06-01 12:01:40 [WARN] cache - miss rate 61 percent, threshold 50
2024-06-01 12:03:55 [ERROR] payment - gateway timeout after 30000 ms for order 5512
2024-06-01 12:06:00 [WARN] disk - volume /data 91 percent full
2024-06-01 12:07:30 [INFO] http - POST /orders 201 140 ms"""),
    ("Stack trace", "Where did the division by zero happen?", """2024-06-01 12:00:03 ERROR job 8812 failed
Traceback (most recent call last):
  File "/srv/app/worker.py", line 88, in run
    self.process(job)
  File "/srv/app/billing/totals.py", line 27, in compute_total
    return sum(item.price for item in items) / len(items)
ZeroDivisionError: division by zero
2024-06-01 12:00:34 INFO worker 4 idle"""),
    ("List under a heading", "What is the fee for a student visa?", """Tourist visa:
- Passport valid for 6 months
- Fee: 40 EUR

Student visa:
- Letter of admission
- Fee: 75 EUR

Work visa:
- Police certificate
- Fee: 110 EUR"""),
    ("Contract", "When may the supplier end the contract without notice?", """§ 3 Term and termination
§ 3.1 This agreement starts on 1 May 2023 and runs for two years.
§ 3.2 Termination.
(a) Either party may terminate this agreement with three months' notice, provided that all invoices have been paid.
(b) The supplier may terminate without notice only if the customer is insolvent.
§ 4 Liability
§ 4.1 The supplier is liable without limit for intent and gross negligence."""),
    ("FAQ", "Is there a warranty on batteries?", """Q: How long does delivery take?
A: Two to four working days.

Q: Is there a warranty?
A: Yes. Two years, except for batteries (6 months).

Q: Do you ship to islands?
A: Yes, for a surcharge of 9 EUR."""),
    ("Chat", "Which size does Alice take?", """Bob: Hi Alice, which jacket did you want?
Alice: the blue one
Bob: And the size? Which of S, M and L?
Alice: M please
Carol: I want an L in green!
Bob: Fine. Shipping takes 4 days."""),
    ("E-mail", "When will the pump be repaired?", """From: Ines Maurer <ines@example.org>
Date: Mon, 3 Jun 2024 09:12
Subject: Pump 2

Hello Marek,

thanks for your patience. The pump will be repaired on Thursday. Lunch is on me next time.

> When will it run again?"""),
    ("Subtitles", "Where is the key?", """1
00:00:01,000 --> 00:00:04,200
Where did you put the key?

2
00:00:04,900 --> 00:00:07,000
It's under the third

3
00:00:07,500 --> 00:00:10,800
flower pot, behind the shed.

4
00:00:11,000 --> 00:00:12,500
And the map?"""),
    ("Source code", "What does median return for no values?", '''import math

DEFAULT = 0.0


def median(values, *, fallback=DEFAULT):
    """Middle value of a list."""
    if not values:
        return fallback
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def spread(values):
    """Difference of extremes."""
    return max(values) - min(values)
'''),
    ("Diff", "What is the new timeout?", """--- a/settings.py
+++ b/settings.py
@@ -1,3 +1,3 @@
 HOST = "db1"
-PORT = 5432
+PORT = 5433
@@ -20,2 +20,2 @@
-TIMEOUT = 30
+TIMEOUT = 90"""),
    ("Prose", "Is the vaccine recommended for travellers?",
     "It is injected into the arm and costs 40 euros. It was tested for two years in nine countries. "
     "The vaccine is recommended for travellers. However, it must not be given to people with an egg allergy. "
     "The clinic is open on weekdays from eight to noon. Bring your passport and the yellow booklet."),
)  # fmt: skip
