import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AlertActions } from '#alerts/alert-actions.js';
import { DraftActions } from '#alerts/draft-actions.js';
import { Accounts } from '#identity/accounts.js';
import { Changes } from '#identity/changes.js';
import { Enrolments } from '#identity/enrolment.js';
import { Passkeys } from '#identity/passkeys.js';
import { AlertViews } from '#storage/alert-views.js';
import { AnsweredRequests } from '#storage/answered-requests.js';
import { DraftDesk } from '#storage/draft-desk.js';
import { PgDraftStore } from '#storage/draft-store.js';
import { PgErasureStore } from '#storage/erasure-store.js';
import { EventView } from '#storage/event-view.js';
import { PgPartnerStore } from '#storage/partner-store.js';
import { AiringController } from './airing.controller.js';
import { AlertDecisionsController } from './alert-decisions.controller.js';
import { AlertsController } from './alerts.controller.js';
import { AuditAlertsController } from './audit-alerts.controller.js';
import { AuditExportsController } from './audit-exports.controller.js';
import { AuditReportController } from './audit-report.controller.js';
import { AuditController } from './audit.controller.js';
import { BoardController } from './board.controller.js';
import { ChangesController } from './changes.controller.js';
import { ConsoleController } from './console.controller.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DraftsController } from './drafts.controller.js';
import { DestinationsController } from './destinations.controller.js';
import { EmailSubscriptionsController } from './email-subscriptions.controller.js';
import { ErasuresController } from './erasures.controller.js';
import { Events } from './events.js';
import { EventsController } from './events.controller.js';
import { FeedsController } from './feeds.controller.js';
import { Gate } from './gate.js';
import { HealthController } from './health.controller.js';
import { Metrics } from './metrics.js';
import { EnrolmentController, OfficersController } from './officers.controller.js';
import { OpenApi } from './openapi.js';
import { PagesController } from './pages.controller.js';
import { PartnerDeskController } from './partner-desk.controller.js';
import { PartnersController } from './partners.controller.js';
import { HOUSE, LOG, PUBLIC_ORIGIN, type Parts } from './parts.js';
import { PasskeysController } from './passkeys.controller.js';
import { PhotoController } from './photo.controller.js';
import { PreviewsController } from './previews.controller.js';
import { ProblemFilter } from './problem-filter.js';
import { Published } from './published.js';
import { ReachController } from './reach.controller.js';
import { Readiness } from './readiness.js';
import { ReviewsController } from './reviews.controller.js';
import { SessionController, SessionsController } from './session.controller.js';
import { SnapshotsController } from './snapshots.controller.js';
import { SubscriptionsController } from './subscriptions.controller.js';

/** Every controller, in the order of the document. */
export const CONTROLLERS: readonly Type[] = [
  SessionController,
  SessionsController,
  PasskeysController,
  OfficersController,
  EnrolmentController,
  ChangesController,
  DraftsController,
  AlertsController,
  PhotoController,
  PreviewsController,
  ReviewsController,
  AlertDecisionsController,
  BoardController,
  DeliveriesController,
  ReachController,
  AiringController,
  ErasuresController,
  EventsController,
  PartnersController,
  SnapshotsController,
  PartnerDeskController,
  DestinationsController,
  FeedsController,
  SubscriptionsController,
  EmailSubscriptionsController,
  AuditController,
  AuditAlertsController,
  AuditExportsController,
  AuditReportController,
  HealthController,
  PagesController,
  ConsoleController,
];

/** The API over its parts. */
@Module({})
export class ApiModule {
  static over({ house, accounts, passkeys, changes, enrolments, actions, drafts, draftActions, draftDesk, views, answered, partners, erasures }: Parts, controllers: readonly Type[] = CONTROLLERS): DynamicModule {
    return {
      module: ApiModule,
      imports: [DiscoveryModule],
      controllers: [...controllers],
      providers: [
        { provide: HOUSE, useValue: house },
        { provide: LOG, useValue: house.log },
        { provide: PUBLIC_ORIGIN, useValue: new URL(house.environment.FINDME_PUBLIC_URL).origin },
        { provide: Accounts, useValue: accounts },
        { provide: Passkeys, useValue: passkeys },
        { provide: Changes, useValue: changes },
        { provide: Enrolments, useValue: enrolments },
        { provide: AlertActions, useValue: actions },
        { provide: PgDraftStore, useValue: drafts },
        { provide: DraftActions, useValue: draftActions },
        { provide: DraftDesk, useValue: draftDesk },
        { provide: AlertViews, useValue: views },
        { provide: AnsweredRequests, useValue: answered },
        { provide: PgPartnerStore, useValue: partners },
        { provide: PgErasureStore, useValue: erasures },
        { provide: Events, useFactory: () => new Events(house, new EventView(house.source)) },
        { provide: Published, useFactory: () => new Published(house) },
        OpenApi,
        Metrics,
        Readiness,
        { provide: APP_GUARD, useClass: Gate },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
