-- What a desk reads of an alert's facts without reading each of the hundred thousands about attempts and receipts.
CREATE INDEX facts_alert_news ON facts (alert_id, seq)
  WHERE type NOT IN ('delivery.attempted', 'delivery.cancelled', 'receipt.received', 'airing.settled', 'erasure.requested', 'erasure.chased', 'erasure.confirmed');
