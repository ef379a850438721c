"""The nouns of the engine: frozen tables, one a file."""

from affinity.tables.adoption import AdoptionCurves, CohortTriangle
from affinity.tables.backtest import Backtest
from affinity.tables.baskets import Baskets
from affinity.tables.bundles import Bundles
from affinity.tables.campaign_outcomes import CampaignOutcomes
from affinity.tables.campaign_plan import CampaignPlan
from affinity.tables.campaign_prospects import Prospects
from affinity.tables.campaign_result import CampaignResult
from affinity.tables.conversion import Conversion
from affinity.tables.customers import Customers
from affinity.tables.eligibility import Eligibility
from affinity.tables.fit_model import Calibration, Candidates, FitModel
from affinity.tables.holdings import Holdings
from affinity.tables.ingest_report import IngestReport, Quarantine
from affinity.tables.interventions import Impact, Impacts, Intervention
from affinity.tables.itemset_counts import ItemsetCounts
from affinity.tables.landmark import Landmark
from affinity.tables.life_tables import EventDays, LifeTables
from affinity.tables.margins import Margins
from affinity.tables.metric_tree import MetricTree, TreeChange, TreeNode
from affinity.tables.metrics import Meanings, MetricChanges, Metrics
from affinity.tables.offer_conversion import OfferConversion
from affinity.tables.offers import Offers
from affinity.tables.order_lines import Attribute, OrderLines
from affinity.tables.pair_counts import PairCounts
from affinity.tables.pair_graph import PairGraph
from affinity.tables.products import Products
from affinity.tables.recommendations import AlsoBought, Recommendations
from affinity.tables.rules import Rules
from affinity.tables.segment_conversion import SegmentConversion
from affinity.tables.subscriptions import SubscriptionEvents, Subscriptions
from affinity.tables.table import Table
from affinity.tables.transitions import SquareCounts, Transitions

__all__ = [
    "AdoptionCurves", "AlsoBought", "Attribute", "Backtest", "Baskets", "Bundles", "Calibration", "CampaignOutcomes",
    "CampaignPlan", "CampaignResult", "Candidates", "CohortTriangle", "Conversion",
    "Customers", "Eligibility", "EventDays", "FitModel", "Holdings", "Impact", "Impacts", "IngestReport",
    "Intervention", "ItemsetCounts", "Landmark", "LifeTables", "Margins", "Meanings", "MetricChanges", "MetricTree",
    "Metrics", "OfferConversion", "Offers", "OrderLines", "PairCounts", "PairGraph", "Products", "Prospects", "Quarantine",
    "Recommendations", "Rules", "SegmentConversion", "SquareCounts", "SubscriptionEvents", "Subscriptions", "Table",
    "Transitions", "TreeChange", "TreeNode",
]  # fmt: skip
