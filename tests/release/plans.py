"""A release plan for tests."""

PLAN = """
model: readmission
intended_use:
  population: adult inpatients going home
  decision_point: discharge planning
  outcome: unplanned readmission within 30 days
  user_roles: [care coordinator]
non_intended: [children, diagnosis]
risk_level: medium
oversight: a care coordinator decides; the score only orders the list
scope: {min_age: 18, classes: [INPATIENT], sites: [North]}
stages:
  - {stage: silent, at_least: 30d}
  - {stage: limited, sites: [North], units: [5W], at_least: 60d}
  - {stage: live, sites: [North], at_least: 90d}
delivery:
  - {channel: task_queue, pattern: batch, wording: High risk of coming back, clicks_to_action: 2}
action_window: 24h
threshold: {from_validation: true}
rollback_criteria:
  - {measure: latency_p99_seconds, above: 5, over: 1h}
fallback: {kind: score, score: lace, threshold: 10, downtime_pathway: use the paper LACE form}
owners: {technical: otto, clinical: cleo, operational: nina, incident: carl}
playbook: {notify: [cleo, otto], contain: disable, assess: list who was scored, communicate: letter}
training_material: {material: docs/ward.pdf, version: "1", required_roles: [care coordinator]}
"""
