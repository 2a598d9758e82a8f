// Written by `npm run docs` from schemas/2026-02-01/pass.avsc and the samples beside it.
import type { EventOfType } from '../versioned-event.ts'

/** The person who holds the pass. */
export interface PassHolder {
  /** E-mail address of the holder. */
  readonly email: string | null
  /** Name of the holder. */
  readonly name: string | null
}

/** Where the holder can fetch the pass. */
export interface PassDownload {
  /** Link to the Apple Wallet pass; whoever has it can install the pass. */
  readonly apple_url: string | null
  /**
   * Link to the Google Wallet pass; whoever has it can install the pass. Not printed by the sender:
   * name and type are our inference.
   */
  readonly google_url: string | null
}

/** A wallet pass, as it was at the time of the event. */
export interface Pass {
  /** Id of the pass, prefix pass_. */
  readonly id: string | null
  /** Id of the template the pass was made from, prefix tpl_. */
  readonly template_id: string | null
  /** State of the pass; installed is the only printed value. */
  readonly status: string | null
  /** Wallet the pass is in: apple or google; other values may come. */
  readonly platform: string | null
  /** The person who holds the pass. */
  readonly holder: PassHolder | null
  /**
   * Why the pass was revoked; set on pass.revoked. The name is printed by the sender, the type is
   * our inference.
   */
  readonly revoke_reason: string | null
  /** Where the holder can fetch the pass. */
  readonly download: PassDownload | null
  /**
   * When the pass was created, as sent (ISO 8601 text). Not printed by the sender: name and type
   * are our inference.
   */
  readonly created_at: string | null
}

/** Colours and images of the template. */
export interface PassTemplateBrand {
  /** Background colour, #RRGGBB. */
  readonly background_color: string | null
  /** Foreground colour, #RRGGBB. */
  readonly foreground_color: string | null
  /** HTTPS address of the logo. */
  readonly logo_url: string | null
  /** HTTPS address of the icon. */
  readonly icon_url: string | null
}

/** One line of text on the pass. */
export interface PassTemplateField {
  /** Name of the field inside the template. */
  readonly key: string | null
  /** Label shown on the pass. */
  readonly label: string | null
  /** Value or placeholder shown on the pass. */
  readonly value: string | null
  /** Place on the pass: primary, secondary or auxiliary; other values may come. */
  readonly display: string | null
  /** Whether the value is a number. */
  readonly numeric: boolean | null
}

/** Barcode printed on the pass. */
export interface PassTemplateBarcode {
  /** Format of the barcode, e.g. qr. */
  readonly format: string | null
  /** Text with placeholders, e.g. loyalty:{pass.id}. */
  readonly payload_template: string | null
}

/** What the pass answers over NFC. */
export interface PassTemplateNfc {
  /** Whether NFC is on. */
  readonly enabled: boolean | null
  /** Text with placeholders. */
  readonly payload_template: string | null
}

/** A template from which passes are issued. */
export interface PassTemplate {
  /** Id of the template, prefix tpl_. */
  readonly id: string | null
  /** Name of the template. */
  readonly name: string | null
  /** Kind of pass, e.g. loyalty; other values may come. */
  readonly kind: string | null
  /**
   * State of the template, e.g. active or archived. Not printed by the sender: name and type are
   * our inference.
   */
  readonly status: string | null
  /** Colours and images of the template. */
  readonly brand: PassTemplateBrand | null
  /** Lines of text on the pass. */
  readonly fields: readonly PassTemplateField[] | null
  /** Barcode printed on the pass. */
  readonly barcode: PassTemplateBarcode | null
  /** What the pass answers over NFC. */
  readonly nfc: PassTemplateNfc | null
  /**
   * When the template was created, as sent (ISO 8601 text). Not printed by the sender: name and
   * type are our inference.
   */
  readonly created_at: string | null
}

/** A scan of a pass by barcode or NFC. The sender describes it without printing one field name. */
export interface Scan {
  /** Id of the scan. Not printed by the sender: name and type are our inference. */
  readonly id: string | null
  /** Id of the scanned pass. Not printed by the sender: name and type are our inference. */
  readonly pass_id: string | null
  /** Id of the scanner. Not printed by the sender: name and type are our inference. */
  readonly scanner_id: string | null
  /** Result of the verification. Not printed by the sender: name and type are our inference. */
  readonly result: string | null
  /**
   * Latitude of the scan in degrees. Not printed by the sender: name and type are our inference.
   */
  readonly latitude: number | null
  /**
   * Longitude of the scan in degrees. Not printed by the sender: name and type are our inference.
   */
  readonly longitude: number | null
  /**
   * When the pass was scanned, as sent (ISO 8601 text). Not printed by the sender: name and type
   * are our inference.
   */
  readonly scanned_at: string | null
}

/** What an event of the pass domain may carry; null is what it does not. */
export interface PassResources {
  /** The pass; null when the event carries none. */
  readonly pass: Pass | null
  /**
   * The template; null when the event carries none. The key under data is our inference from the
   * naming rule.
   */
  readonly pass_template: PassTemplate | null
  /** The scan, on pass.scanned; null otherwise. */
  readonly scan: Scan | null
}

/** Types of the pass domain that have a sample. */
export const PASS_EVENT_TYPES = [
  'pass.created',
  'pass.installed',
  'pass.removed',
  'pass.revoked',
  'pass.scanned',
  'pass.updated',
  'pass_template.archived',
  'pass_template.created',
  'pass_template.updated',
] as const

/** An event of the pass domain in 2026-02-01. */
export type PassEvent = EventOfType<
  '2026-02-01',
  (typeof PASS_EVENT_TYPES)[number],
  PassResources,
  null
>
